/**
 * What `ip` can't do for IPv6, as Perl on one line each: hold a device that ends with its process and answer for the address on another
 * interface, ask who has it, tell that it is here (RFC 4861). Numbers: linux/in6.h, linux/icmpv6.h.
 */

import { askInterface, oneLine, openDevice } from "./address-perl.ts";

/** $s: ICMPv6 on one interface, with hop limits of 255 as neighbours demand; the kernel makes the checksums. $mac: the interface's. */
const openNeighbours = `
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 unpack_sockaddr_in6);
my ($if, $address, $ms, $device) = @ARGV;
my $ip = inet_pton(AF_INET6, $address);
socket(my $s, AF_INET6, SOCK_RAW, 58) or die "no ICMPv6 socket: $!\\n";
${askInterface}
setsockopt($s, 1, 25, pack("a16", $if)) or die "SO_BINDTODEVICE: $!\\n";
setsockopt($s, 41, $_, pack("i", 255)) or die "hop limit: $!\\n" for 16, 18;
setsockopt($s, 41, 17, pack("i", $index)) or die "IPV6_MULTICAST_IF: $!\\n";
my $all = inet_pton(AF_INET6, "ff02::1");
my $group = inet_pton(AF_INET6, "ff02::1:ff00:0"); substr($group, 13) = substr($ip, 13);
sub only {
my @mask = (0xffffffff) x 8;
$mask[$_[0] >> 5] &= ~(1 << ($_[0] & 31));
setsockopt($s, 58, 1, pack("L8", @mask)) or die "ICMP6_FILTER: $!\\n"
}
sub to { pack_sockaddr_in6(0, $_[0], $index) }
sub advert { pack("C C n N a16 C C a6", 136, 0, 0, $_[0] << 24, $ip, 2, 1, $mac) }
`;

/**
 * Interface, address, 0, name. Makes a TUN device (IFF_TUN | IFF_NO_PI) that the kernel takes away, with all its addresses, when this
 * process ends. While the address is on this machine it answers whoever asks for it on the interface, since the kernel answers only for
 * addresses of that interface itself; joined to the group in which they ask (IPV6_JOIN_GROUP), so that switches let them through.
 */
export const holdAndAnswer: string = oneLine(`
${openNeighbours}
${openDevice("$device")}
only(135);
setsockopt($s, 41, 20, pack("a16 I", $group, $index)) or die "IPV6_JOIN_GROUP: $!\\n";
my ($tun, $asked) = (fileno($d), fileno($s));
while (1) {
my $in = ""; vec($in, $tun, 1) = 1; vec($in, $asked, 1) = 1;
select($in, undef, undef, undef) > 0 or next;
if (vec($in, $tun, 1)) { sysread($d, my $nothing, 65536) or select(undef, undef, undef, 1) }
next unless vec($in, $asked, 1);
my $from = recv($s, my $got, 2048, 0);
next unless defined $from and length($got) >= 24 and substr($got, 8, 16) eq $ip;
socket(my $own, AF_INET6, SOCK_DGRAM, 0);
bind($own, pack_sockaddr_in6(0, $ip)) or next;
my $who = (unpack_sockaddr_in6($from))[1];
my $isNew = $who eq "\\0" x 16;
send($s, advert($isNew ? 0x20 : 0x60), 0, to($isNew ? $all : $who));
}
`);

/** Interface, address, milliseconds. Says the hardware address of whoever has the address and ends with 1; with 0 when nobody answers. */
export const probeNeighbour: string = oneLine(`
use Time::HiRes "time";
${openNeighbours}
only(136);
my $end = time + $ms / 1000;
send($s, pack("C C n N a16 C C a6", 135, 0, 0, 0, $ip, 1, 1, $mac), 0, to($group)) or die "send: $!\\n";
while ((my $left = $end - time) > 0) {
my $in = ""; vec($in, fileno($s), 1) = 1;
next unless select($in, undef, undef, $left) > 0;
recv($s, my $got, 2048, 0);
next unless length($got) >= 24 and substr($got, 8, 16) eq $ip;
my ($kind, $from) = unpack("x24 C x a6", $got);
$from = "" unless ($kind // 0) == 2;
next if $from eq $mac;
print join(":", map { sprintf "%02x", $_ } unpack("C*", $from)) || "somebody", "\\n"; exit 1
}
exit 0;
`);

/** Interface, address, how often, a second apart: tells everybody that the address is here now (unsolicited, with override). */
export const announceNeighbour: string = oneLine(`
${openNeighbours}
for (my $n = 0; $n < $ms; $n++) {
select(undef, undef, undef, 1) if $n;
send($s, advert(0x20), 0, to($all)) or die "send: $!\\n";
}
`);
