/** The resource types that clubar brings along, with their documented parameters. */
import { number, other, type PropertySpec, readOnly, text } from "./property-spec.ts";
import { minusOne } from "./schema.ts";

/** A resource type of a new cluster. */
export interface ResourceTypeSpec {
  readonly name: string;
  readonly description: string;
  /** docs/safety.md §2.5. A database that says nothing is taken as false. */
  readonly diesWithHost: boolean;
  readonly privateProperties: readonly PropertySpec[];
}

const useNetworkName: PropertySpec = number("UseNetworkName", 0, 1, 0, "Kept for WSFC's tools; no meaning here.");

const ocfProperties: readonly PropertySpec[] = [
  other(
    "OcfAgent",
    "sz",
    "The agent, ocf:PROVIDER:NAME. Its own parameters stand beside this one under the agent's names.",
  ),
  number("OcfCheckLevel", 0, minusOne, 0, "How deep IsAlive looks, one of the depths that the agent offers."),
];

/** The resource types that a new cluster knows. Private properties that are not named here may be set all the same. */
export const builtInResourceTypes: readonly ResourceTypeSpec[] = [
  {
    name: "OCF Agent",
    description:
      "Calls an agent of the Open Cluster Framework that changes the machine: addresses, mounts. clubar's own.",
    diesWithHost: false,
    privateProperties: ocfProperties,
  },
  {
    name: "OCF Daemon",
    description: "Calls an agent of the Open Cluster Framework that only starts processes. clubar's own.",
    diesWithHost: true,
    privateProperties: ocfProperties,
  },
  {
    name: "Generic Application",
    description: "Runs a program and watches its process.",
    diesWithHost: true,
    privateProperties: [
      other("CommandLine", "sz", "Program and arguments."),
      other("CurrentDirectory", "sz", "Its working folder; by default the resource's folder on the node."),
      other("EnvironmentKey", "sz", "Registry path below HKLM whose values become its environment."),
      other("User", "sz", "It runs as this user; by default as the host does. clubar's own."),
      other("AliveCommand", "sz", "Run at each IsAlive; exit code 0 means it serves."),
      number("StopTimeout", 0, minusOne, 10_000, "Milliseconds from SIGTERM to the kill."),
      number("InteractWithDesktop", 0, 1, 0, "Kept for others; no meaning here."),
      useNetworkName,
    ],
  },
  {
    name: "Generic Script",
    description: "Calls a script to start, stop and check an application.",
    diesWithHost: true,
    privateProperties: [
      other("ScriptFilepath", "sz", "The script, an executable file."),
      other("CurrentDirectory", "sz", "Its working folder; by default the resource's folder on the node."),
      other("EnvironmentKey", "sz", "Registry path below HKLM whose values become its environment. clubar's own."),
      other("User", "sz", "It runs as this user; by default as the host does. clubar's own."),
      other("Arguments", "multi-sz", "What the script gets after the word."),
      useNetworkName,
    ],
  },
  {
    name: "Generic Service",
    description: "Starts and watches a service of the operating system.",
    diesWithHost: false,
    privateProperties: [
      other("ServiceName", "sz", "The unit of systemd, or the script in /etc/init.d where systemd does not run."),
      other("StartupParameters", "sz", "Arguments for an init script."),
      useNetworkName,
    ],
  },
  {
    name: "IP Address",
    description: "Gives the machine an IPv4 address and announces it.",
    diesWithHost: true,
    privateProperties: [
      other("Network", "sz", "Kept for others; no meaning here.", readOnly),
      other("Address", "sz", "IPv4 address."),
      other("SubnetMask", "sz", "IPv4 mask, 255.255.255.0 or 24; by default that of the interface."),
      other("Interface", "sz", "Where it is announced; by default the interface whose network it is in. clubar's own."),
      number("OverrideAddressMatch", 0, 1, 0, "1: the address need not be in the network of Interface."),
      number(
        "ProbeTimeout",
        0,
        60_000,
        300,
        "Milliseconds that others get to claim it; 0: nobody is asked. clubar's own.",
      ),
      number("EnableNetBIOS", 0, 2, 1, "Kept for others; no meaning here."),
      number("EnableDhcp", 0, 1, 0, "Kept for others; no meaning here."),
    ],
  },
  {
    name: "IPv6 Address",
    description: "Gives the machine an IPv6 address and announces it.",
    diesWithHost: true,
    privateProperties: [
      other("Network", "sz", "Kept for others; no meaning here.", readOnly),
      other("Address", "sz", "IPv6 address."),
      number("PrefixLength", 0, 128, 0, "Of its network; 0: that of the interface."),
      other("Interface", "sz", "Where it is announced; by default the interface whose network it is in. clubar's own."),
      number("OverrideAddressMatch", 0, 1, 0, "1: the address need not be in the network of Interface. clubar's own."),
      number(
        "ProbeTimeout",
        0,
        60_000,
        300,
        "Milliseconds that others get to claim it; 0: nobody is asked. clubar's own.",
      ),
    ],
  },
  {
    name: "Network Name",
    description: "Gives a name to the addresses it depends on.",
    diesWithHost: false,
    privateProperties: [
      other("Name", "sz", "The name."),
      other("DnsName", "sz", "The name in DNS."),
      number("RequireDNS", 0, 1, 0, "Comes online only when registered."),
      number("PublishPTRRecords", 0, 1, 0, "Registers reverse names too."),
      number("RegisterAllProvidersIP", 0, 1, 0, "Registers addresses that are offline too."),
    ],
  },
  {
    name: "Physical Disk",
    description: "Finds a disk by its signature or GUID and mounts it.",
    diesWithHost: false,
    privateProperties: [
      number(
        "DiskIdType",
        0,
        5000,
        5000,
        "0: known by DiskSignature; 1: by DiskIdGuid; 5000: by the one that is given.",
      ),
      number("DiskSignature", 0, minusOne, 0, "The signature in the disk's MBR."),
      other("DiskIdGuid", "sz", "The GUID in the disk's GPT."),
      other("MountPoint", "sz", "Where it is mounted, an absolute path; in place of a drive letter. clubar's own."),
      other(
        "PartitionOffset",
        "sz",
        "Which partition is mounted: its first byte, in decimal; by default the first. clubar's own.",
      ),
      other(
        "PartitionOffsets",
        "multi-sz",
        "The first bytes of all its partitions; a disk with others is refused. clubar's own.",
      ),
      other("DiskUniqueIds", "binary", "Kept for WSFC's tools; no meaning here."),
      other("DiskVolumeInfo", "binary", "Kept for WSFC's tools; no meaning here."),
      number("DiskRunChkDsk", 0, 6, 0, "Kept for WSFC's tools; no meaning here."),
      number("DiskArbInterval", 1, minusOne, 3, "Kept for WSFC's tools; no meaning here."),
      other("DiskPath", "sz", "Kept for WSFC's tools; no meaning here."),
      number("DiskReload", 0, 1, 0, "Kept for WSFC's tools; no meaning here."),
    ],
  },
  {
    name: "File Share",
    description: "Shares a folder over SMB.",
    diesWithHost: true,
    privateProperties: [
      other("ShareName", "sz", "Name of the share; one that ends with $ is not listed."),
      other("Path", "sz", "Folder."),
      other("Remark", "sz", "For people."),
      number("MaxUsers", 0, minusOne, minusOne, "Connections at a time."),
      other("Security Descriptor", "binary", "Kept for WSFC's tools; no meaning here."),
      number("ShareSubDirs", 0, 1, 0, "Shares the folders in it too."),
      number("HideSubDirShares", 0, 1, 0, "Does not list those."),
      other("Address", "sz", "Where it is served; by default on all addresses. clubar's own."),
      number("Port", 1, 65_535, 445, "TCP port. clubar's own."),
      number("ReadOnly", 0, 1, 0, "1: nobody writes. clubar's own."),
      number("Guests", 0, 1, 0, "1: without a password, as nobody. clubar's own."),
      other("Users", "multi-sz", "Who may use it; by default every user. clubar's own."),
      other("Options", "multi-sz", "More lines of smb.conf for the share. clubar's own."),
    ],
  },
  {
    name: "Render",
    description: "Writes configuration files from registry values before what depends on it starts. clubar's own.",
    diesWithHost: true,
    privateProperties: [
      other("TemplateFiles", "multi-sz", "The templates, by absolute path."),
      other("OutputFiles", "multi-sz", "The files to write, one for each template, by absolute path."),
      text("Mode", "0600", "Octal mode of the outputs."),
      other("EnvironmentFile", "sz", "A file of NAME=text lines to write from EnvironmentKey."),
      other("EnvironmentKey", "sz", "Registry path below HKLM whose values become EnvironmentFile."),
      other("ReloadCommand", "sz", "Run after a change has been written."),
      other("ReloadResource", "sz", "Resource that is told to reload after a change has been written."),
    ],
  },
];
