import { randomBytes } from "node:crypto";
import { usage } from "../exit.ts";
import type { Define } from "../verbs.ts";
import { finish, notes, wholeNumber } from "../verbs.ts";

interface ServiceWords {
  readonly page?: number;
  readonly resetQuorumLog?: boolean;
  readonly socket?: string;
  readonly socketGroup?: string;
}

/** `clubar service`. */
export const defineService: Define = (noun, cli) => {
  finish(noun)
    .option("--page <port>", "serve the web page on this port of 127.0.0.1 (0: any free one)", wholeNumber(0, 65_535))
    .option("--socket <path>", "let users of this machine ask here too, with the rights of `user local`")
    .option("--socket-group <group>", "only members of that group may connect there")
    .option(
      "--reset-quorum-log",
      "when the quorum is empty or torn, form it anew first, from the newest copy of the database",
    )
    .action(async ({ page, resetQuorumLog: reset, socket, socketGroup: group }: ServiceWords) => {
      if (group !== undefined && socket === undefined)
        throw usage("--socket-group needs --socket.", "Name the socket's path with --socket.");
      if (reset === true) await (await import("./force-quorum.ts")).resetQuorumLog(cli);
      const token = cli.terminal.environment["CLUBAR_PAGE_TOKEN"] ?? randomBytes(16).toString("hex");
      const { runService } = await import("../../daemon/service.ts");
      cli.exit = await runService({
        data: cli.settings.data,
        ...(page === undefined ? {} : { page: { port: page, token } }),
        ...(socket === undefined ? {} : { local: { path: cli.path(socket), group } }),
        onFinished: ({ outcome, sentence }) =>
          cli.terminal.err(
            `A restore that was cut off is ${outcome === "restored" ? "finished" : "given up"}: ${sentence}\n`,
          ),
        onReady: ({ pageUrl }) => {
          const where = pageUrl === undefined ? "" : `\nWeb page: ${pageUrl}`;
          cli.show(
            { ready: true, data: cli.settings.data, page: pageUrl ?? null },
            () => `The service of ${cli.settings.data} runs.${where}\n`,
          );
        },
      });
    });
  notes(
    noun,
    `It runs until SIGTERM or SIGINT, then moves its groups away, ends them in order and leaves.
The page's token is made anew at each start unless CLUBAR_PAGE_TOKEN holds one.`,
  );
};
