// A program that listens on a TCP port of this machine: online once it accepts connections, alive while it does.
import { connect } from "node:net";

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("connect", () => socket.destroy());
    socket.once("error", () => resolve(false));
  });
}

export const resourceType = {
  name: "Port Service",
  diesWithHost: true,
  parameters: [
    { name: "Program", kind: "texts", required: true, meaning: "The program and its arguments." },
    { name: "Port", kind: "number", required: true, meaning: "The port on which it listens." },
  ],
  async online({ resource, environment, folder, outside, start }, signal) {
    const program = resource.parameters.texts("Program");
    await start({ program, environment, folder, watched: true });
    while (!signal.aborted && !(await answers(resource.parameters.number("Port")))) await outside.timers.sleep(50);
  },
  offline: async (context) => context.application()?.stop(5000),
  terminate: async () => undefined,
  looksAlive: async (context) => context.application() !== undefined,
  isAlive: async ({ resource }) => answers(resource.parameters.number("Port")),
};
