// A slow wire: carries Ethernet frames between two interfaces of its network namespace, each way MS milliseconds late.
// `delay-relay.mjs INTERFACE INTERFACE MS`; prints "ready", and at SIGTERM how many frames it carried. Frames travel with their virtio
// header, so that checksums and segments that veth leaves to the receiver stay as they are.
import koffi from "koffi";

const [first, second, ms] = process.argv.slice(2);
const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const bind = libc.func("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const recv = libc.func("intptr_t recv(int fd, _Out_ void *buffer, size_t length, int flags)");
const send = libc.func("intptr_t send(int fd, const void *buffer, size_t length, int flags)");
const nameToIndex = libc.func("uint32_t if_nametoindex(const char *name)");

const AF_PACKET = 17;
const SOCK_RAW_NONBLOCK = 3 | 0o4000;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const ETH_P_ALL = 0x0300; // 3 in network order

function open(name) {
  const fd = socket(AF_PACKET, SOCK_RAW_NONBLOCK, 0);
  const one = new Uint8Array(Int32Array.of(1).buffer);
  const options = [PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING].map((option) => setsockopt(fd, SOL_PACKET, option, one, 4));
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, ETH_P_ALL, true);
  address.setInt32(4, nameToIndex(name), true);
  if (fd < 0 || options.some((result) => result !== 0) || bind(fd, new Uint8Array(address.buffer), 20) !== 0) {
    process.stderr.write(`no packet socket on ${name}\n`);
    process.exit(1);
  }
  return fd;
}

const buffer = new Uint8Array(1 << 17);
const wire = [open(first), open(second)];
const late = [];
let carried = 0;

function turn() {
  const now = performance.now();
  for (const [index, fd] of wire.entries()) {
    for (let length = recv(fd, buffer, buffer.length, 0); length > 0; length = recv(fd, buffer, buffer.length, 0)) {
      late.push({ at: now + Number(ms), to: wire[1 - index], frame: buffer.slice(0, Number(length)) });
    }
  }
  while (late.length > 0 && late[0].at <= now) {
    const { to, frame } = late.shift();
    if (send(to, frame, frame.length, 0) > 0) carried++;
  }
}

setInterval(turn, 5);
process.on("SIGTERM", () => process.stdout.write(`${carried}\n`, () => process.exit(0)));
process.stdout.write("ready\n");
