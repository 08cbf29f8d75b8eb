import { foldName } from "../tree/path.ts";
import type { ResourceType } from "./resource-type.ts";
import { fileShare } from "./types/file-share.ts";
import { genericApplication } from "./types/generic-application.ts";
import { genericScript } from "./types/generic-script.ts";
import { genericService } from "./types/generic-service.ts";
import { ipAddress } from "./types/ip-address.ts";
import { ipv6Address } from "./types/ipv6-address.ts";
import { ocfAgent, ocfDaemon } from "./types/ocf-agent.ts";
import { physicalDisk } from "./types/physical-disk.ts";
import { render } from "./types/render.ts";

/** All resource types that a host can run. */
export const resourceTypes: readonly ResourceType[] = [
  genericApplication,
  genericScript,
  genericService,
  ipAddress,
  ipv6Address,
  fileShare,
  render,
  physicalDisk,
  ocfAgent,
  ocfDaemon,
];

/** The type of a name, whatever its case. */
export function findResourceType(name: string): ResourceType | undefined {
  return resourceTypes.find((type) => foldName(type.name) === foldName(name));
}
