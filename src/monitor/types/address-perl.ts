/** Perl that the types of addresses share. Perl is essential on Debian. Structures and numbers: linux/if_tun.h, linux/sockios.h. */

/** A program for `perl -e`. */
export const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, " ");

/** $d: a TUN device (IFF_TUN | IFF_NO_PI), named by the expression; the kernel takes it away, with its addresses, when the process ends. */
export const openDevice = (name: string): string => `
use Fcntl;
sysopen(my $d, "/dev/net/tun", O_RDWR) or do { print STDERR "/dev/net/tun: $!\\n"; exit 4 };
ioctl($d, 0x400454ca, pack("a16 s x22", ${name}, 0x1001)) or do { print STDERR "TUNSETIFF: $!\\n"; exit 5 };
`;

/** $index and $mac of the interface $if, asked by the socket $s. */
export const askInterface = `
my $r = pack("a40", $if);
ioctl($s, 0x8933, $r) or die "$if: $!\\n";
my $index = unpack("x16 i", $r);
$r = pack("a40", $if);
ioctl($s, 0x8927, $r) or die "$if: $!\\n";
my $mac = unpack("x18 a6", $r);
`;
