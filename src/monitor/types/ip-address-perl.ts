/**
 * What `ip` can't do, as Perl on one line each: hold a device that ends with its process, and send and hear ARP (RFC 826, RFC 5227).
 * Structures and numbers: linux/if_packet.h, linux/if_ether.h.
 */

import { askInterface, oneLine, openDevice } from "./address-perl.ts";

/** $0 name. Makes a TUN device (IFF_TUN | IFF_NO_PI) that the kernel takes away, with all its addresses, when this process ends. */
export const holdDevice: string = oneLine(`
${openDevice("$ARGV[0]")}
while (1) { sysread($d, my $nothing, 65536) or select(undef, undef, undef, 1) }
`);

/** Opens a packet socket for ARP on an interface: $s, with $mac and $to (broadcast) as addresses. */
const openArp = `
use Socket;
my ($if, $address, $ms) = @ARGV;
my $ip = inet_aton($address);
my $arp = unpack("S", pack("n", 0x0806));
socket(my $s, 17, 3, $arp) or die "no packet socket: $!\\n";
${askInterface}
my $to = pack("S S i S C C a8", 17, $arp, $index, 0, 0, 6, "\\xff" x 6);
bind($s, pack("S S i S C C a8", 17, $arp, $index, 0, 0, 0, "")) or die "bind: $!\\n";
sub frame { pack("a6 a6 n n n C C n a6 a4 a6 a4", "\\xff" x 6, $mac, 0x0806, 1, 0x0800, 6, 4, $_[0], $mac, $_[1], $_[2], $ip) }
`;

/** Interface, address, milliseconds. Says the hardware address of whoever has the address and ends with 1; with 0 when nobody answers. */
export const probeAddress: string = oneLine(`
use Time::HiRes "time";
${openArp}
my $end = time + $ms / 1000;
send($s, frame(1, "\\0" x 4, "\\0" x 6), 0, $to) or die "send: $!\\n";
while ((my $left = $end - time) > 0) {
my $in = ""; vec($in, fileno($s), 1) = 1;
next unless select($in, undef, undef, $left) > 0;
recv($s, my $got, 2048, 0);
my ($op, $from, $its) = unpack("x20 n a6 a4", $got);
if ($its eq $ip and $from ne $mac) { print join(":", map { sprintf "%02x", $_ } unpack("C6", $from)), "\\n"; exit 1 }
}
exit 0;
`);

/** Interface, address, how often, a second apart: tells everybody that the address is here now, as request and as answer. */
export const announceAddress: string = oneLine(`
${openArp}
for (my $n = 0; $n < $ms; $n++) {
select(undef, undef, undef, 1) if $n;
send($s, frame(1, $ip, "\\0" x 6), 0, $to) or die "send: $!\\n";
send($s, frame(2, $ip, $mac), 0, $to);
}
`);
