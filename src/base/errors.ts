/**
 * One table of everything that can go wrong, and the error that carries a row of it.
 *
 * Names and numbers are winerror.h's without their prefix (ERROR_, RPC_S_ …); a few names of our own (`OUTCOME_UNKNOWN`, `USAGE` …)
 * take the general Win32 code that says the same.
 */

import { vssErrorRows } from "./vss-errors.ts";

/** `exit` is the exit code of the command, `http` the status of the API's answer. */
export interface ErrorRow {
  readonly win32: number;
  readonly exit: number;
  readonly http: number;
  /** One line, for a list of errors; what happened in a case is said by the `Failure`. */
  readonly meaning: string;
}

const winRows = {
  INVALID_FUNCTION: { win32: 1, exit: 2, http: 404, meaning: "There is no such function." },
  FILE_NOT_FOUND: { win32: 2, exit: 8, http: 404, meaning: "The file, key or value does not exist." },
  PATH_NOT_FOUND: { win32: 3, exit: 8, http: 404, meaning: "The folder does not exist." },
  ACCESS_DENIED: { win32: 5, exit: 12, http: 403, meaning: "The caller may not do this." },
  INVALID_HANDLE: { win32: 6, exit: 2, http: 400, meaning: "The handle is closed or of another kind." },
  INVALID_DATA: { win32: 13, exit: 5, http: 422, meaning: "The bytes are not what they should be." },
  SHARING_VIOLATION: { win32: 32, exit: 10, http: 423, meaning: "Another process uses it." },
  LOCK_VIOLATION: { win32: 33, exit: 10, http: 423, meaning: "Another process holds the lock." },
  VERSION_NOT_SUPPORTED: {
    win32: 50,
    exit: 13,
    http: 422,
    meaning: "This version of the format or protocol is not supported.",
  },
  USAGE: { win32: 87, exit: 2, http: 400, meaning: "The command line is wrong." },
  INVALID_PARAMETER: { win32: 87, exit: 2, http: 400, meaning: "A parameter is wrong." },
  DISK_FULL: { win32: 112, exit: 1, http: 507, meaning: "The disk is full." },
  CALL_NOT_IMPLEMENTED: { win32: 120, exit: 1, http: 501, meaning: "This function is not implemented." },
  INVALID_NAME: { win32: 123, exit: 2, http: 400, meaning: "The name is not allowed." },
  BUSY: { win32: 170, exit: 10, http: 409, meaning: "It is in use; nothing was done." },
  DIR_NOT_EMPTY: { win32: 145, exit: 9, http: 409, meaning: "The folder is not empty." },
  BAD_PATHNAME: { win32: 161, exit: 2, http: 400, meaning: "The path is not allowed." },
  ALREADY_EXISTS: { win32: 183, exit: 9, http: 409, meaning: "It exists already." },
  MORE_DATA: { win32: 234, exit: 1, http: 413, meaning: "There is more data than fits." },
  NO_MORE_ITEMS: { win32: 259, exit: 8, http: 404, meaning: "There are no more items." },
  DIRECTORY: { win32: 267, exit: 2, http: 400, meaning: "The folder name is wrong or it is not a folder." },
  NOT_READY: { win32: 21, exit: 75, http: 503, meaning: "It is not ready yet." },
  IO_PENDING: { win32: 997, exit: 75, http: 202, meaning: "It goes on; the answer comes later." },
  HIVE_CORRUPT: { win32: 1009, exit: 5, http: 422, meaning: "The registry hive is damaged." },
  KEY_DELETED: { win32: 1018, exit: 9, http: 409, meaning: "The registry key is marked for deletion." },
  CIRCULAR_DEPENDENCY: { win32: 1059, exit: 2, http: 409, meaning: "The dependencies would form a circle." },
  SERVICE_NOT_ACTIVE: { win32: 1062, exit: 11, http: 503, meaning: "The cluster service does not run here." },
  IO_DEVICE: { win32: 1117, exit: 1, http: 500, meaning: "The device failed to read or write." },
  CANCELLED: { win32: 1223, exit: 130, http: 409, meaning: "A person or the caller interrupted it." },
  OUTCOME_UNKNOWN: { win32: 1237, exit: 75, http: 503, meaning: "It may or may not have happened; ask again." },
  SERVER_UNAVAILABLE: {
    win32: 1722,
    exit: 11,
    http: 503,
    meaning: "No cluster of that name can be reached from here.",
  },
  REVISION_MISMATCH: { win32: 1306, exit: 9, http: 409, meaning: "It has changed since it was read." },
  INTERNAL_ERROR: { win32: 1359, exit: 1, http: 500, meaning: "A part of clubar did something unforeseen." },
  TIMEOUT: { win32: 1460, exit: 124, http: 504, meaning: "It took longer than allowed." },
  CRC: { win32: 23, exit: 5, http: 422, meaning: "The bytes do not have the digest they should have." },
  REFUSED_FOR_SAFETY: {
    win32: 1314,
    exit: 3,
    http: 409,
    meaning: "It was refused because data or an application could be harmed.",
  },
  PARTIAL_COPY: { win32: 299, exit: 4, http: 207, meaning: "Only a part was done." },
  NTE_BAD_KEY: {
    win32: 0x80090003,
    exit: 7,
    http: 409,
    meaning: "The key can't be used this way (not exportable, other type).",
  },
  NTE_BAD_DATA: {
    win32: 0x80090005,
    exit: 7,
    http: 422,
    meaning: "The key's bytes are wrong or the password does not fit.",
  },
  NTE_BAD_TYPE: { win32: 0x8009000a, exit: 2, http: 400, meaning: "The provider type is wrong." },
  NTE_EXISTS: { win32: 0x8009000f, exit: 9, http: 409, meaning: "The key container exists already." },
  NTE_PERM: { win32: 0x80090010, exit: 12, http: 403, meaning: "The key may not be read." },
  NTE_BAD_KEYSET: { win32: 0x80090016, exit: 7, http: 404, meaning: "The key container does not exist." },
  DEPENDENT_RESOURCE_EXISTS: { win32: 5001, exit: 9, http: 409, meaning: "Another resource depends on it." },
  DEPENDENCY_NOT_FOUND: { win32: 5002, exit: 8, http: 404, meaning: "The dependency does not exist." },
  DEPENDENCY_ALREADY_EXISTS: { win32: 5003, exit: 9, http: 409, meaning: "The dependency exists already." },
  RESOURCE_NOT_ONLINE: { win32: 5004, exit: 9, http: 409, meaning: "The resource is not online." },
  HOST_NODE_NOT_AVAILABLE: { win32: 5005, exit: 1, http: 409, meaning: "No node is available to run it." },
  RESOURCE_NOT_AVAILABLE: { win32: 5006, exit: 9, http: 409, meaning: "The resource is not available." },
  RESOURCE_NOT_FOUND: { win32: 5007, exit: 8, http: 404, meaning: "The resource does not exist." },
  SHUTDOWN_CLUSTER: { win32: 5008, exit: 75, http: 503, meaning: "The cluster is shutting down." },
  CANT_EVICT_ACTIVE_NODE: { win32: 5009, exit: 3, http: 409, meaning: "An active node can't be evicted." },
  OBJECT_ALREADY_EXISTS: { win32: 5010, exit: 9, http: 409, meaning: "An object of that name exists already." },
  OBJECT_IN_LIST: { win32: 5011, exit: 9, http: 409, meaning: "The object is in the list already." },
  GROUP_NOT_AVAILABLE: { win32: 5012, exit: 9, http: 409, meaning: "The group is not available for new requests." },
  GROUP_NOT_FOUND: { win32: 5013, exit: 8, http: 404, meaning: "The group does not exist." },
  GROUP_NOT_ONLINE: { win32: 5014, exit: 9, http: 409, meaning: "The group is not online." },
  HOST_NODE_NOT_RESOURCE_OWNER: { win32: 5015, exit: 9, http: 409, meaning: "This node does not own the resource." },
  HOST_NODE_NOT_GROUP_OWNER: { win32: 5016, exit: 9, http: 409, meaning: "This node does not own the group." },
  RESMON_CREATE_FAILED: { win32: 5017, exit: 1, http: 500, meaning: "The resource could not be opened by the host." },
  RESMON_ONLINE_FAILED: {
    win32: 5018,
    exit: 1,
    http: 500,
    meaning: "The resource could not be brought online by the host.",
  },
  RESOURCE_ONLINE: { win32: 5019, exit: 9, http: 409, meaning: "It can't be done while the resource is online." },
  QUORUM_RESOURCE: { win32: 5020, exit: 3, http: 409, meaning: "It can't be done with the quorum." },
  CLUSTER_SHUTTING_DOWN: { win32: 5022, exit: 75, http: 503, meaning: "The cluster is shutting down." },
  INVALID_STATE: { win32: 5023, exit: 9, http: 409, meaning: "The state of the object does not allow it." },
  RESOURCE_PROPERTIES_STORED: { win32: 5024, exit: 0, http: 200, meaning: "Stored; takes effect at the next online." },
  QUORUMLOG_OPEN_FAILED: { win32: 5028, exit: 6, http: 500, meaning: "The quorum log could not be opened." },
  CLUSTERLOG_CORRUPT: { win32: 5029, exit: 5, http: 500, meaning: "The log is damaged." },
  CLUSTERLOG_RECORD_EXCEEDS_MAXSIZE: {
    win32: 5030,
    exit: 2,
    http: 413,
    meaning: "The record is too large for the log.",
  },
  CLUSTERLOG_CHKPOINT_NOT_FOUND: { win32: 5032, exit: 5, http: 500, meaning: "The log names no snapshot." },
  CLUSTERLOG_NOT_ENOUGH_SPACE: { win32: 5033, exit: 1, http: 507, meaning: "There is too little space for the log." },
  QUORUM_OWNER_ALIVE: { win32: 5034, exit: 10, http: 409, meaning: "The quorum's owner is alive." },
  NODE_NOT_AVAILABLE: { win32: 5036, exit: 11, http: 503, meaning: "The node is not available." },
  ALL_NODES_NOT_AVAILABLE: { win32: 5037, exit: 11, http: 503, meaning: "Not all nodes are available." },
  CLUSTER_DISK_NOT_CONNECTED: { win32: 5963, exit: 1, http: 409, meaning: "The disk is not connected to this node." },
  RESOURCE_FAILED: { win32: 5038, exit: 1, http: 409, meaning: "The resource has failed." },
  CLUSTER_INVALID_NODE: { win32: 5039, exit: 2, http: 400, meaning: "The node is not valid." },
  CLUSTER_NODE_EXISTS: { win32: 5040, exit: 9, http: 409, meaning: "The node is a member already." },
  CLUSTER_JOIN_IN_PROGRESS: { win32: 5041, exit: 75, http: 409, meaning: "A node is joining." },
  CLUSTER_NODE_NOT_FOUND: { win32: 5042, exit: 8, http: 404, meaning: "The node does not exist in this cluster." },
  CLUSTER_NETWORK_NOT_FOUND: {
    win32: 5045,
    exit: 8,
    http: 404,
    meaning: "The network does not exist in this cluster.",
  },
  CLUSTER_LOCAL_NODE_NOT_FOUND: {
    win32: 5043,
    exit: 8,
    http: 404,
    meaning: "This machine is not a node of the cluster.",
  },
  CLUSTER_INVALID_REQUEST: { win32: 5048, exit: 2, http: 400, meaning: "The request is not valid for this object." },
  CLUSTER_NODE_DOWN: { win32: 5050, exit: 11, http: 503, meaning: "The node is down." },
  CLUSTER_NODE_UNREACHABLE: { win32: 5051, exit: 11, http: 503, meaning: "The node can't be reached." },
  CLUSTER_NODE_NOT_MEMBER: { win32: 5052, exit: 8, http: 409, meaning: "The node is not a member." },
  CLUSTER_NODE_UP: { win32: 5056, exit: 3, http: 409, meaning: "Another node runs or could run." },
  CLUSTER_NODE_NOT_PAUSED: { win32: 5058, exit: 9, http: 409, meaning: "The node is not paused." },
  CLUSTER_NODE_ALREADY_UP: { win32: 5061, exit: 9, http: 409, meaning: "The node is up already." },
  CLUSTER_NODE_ALREADY_DOWN: { win32: 5062, exit: 9, http: 409, meaning: "The node is down already." },
  CLUSTER_NODE_ALREADY_MEMBER: { win32: 5065, exit: 9, http: 409, meaning: "The node is a member already." },
  CLUSTER_LAST_INTERNAL_NETWORK: { win32: 5066, exit: 3, http: 409, meaning: "The last network for the cluster." },
  CLUSTER_NETWORK_HAS_DEPENDENTS: { win32: 5067, exit: 9, http: 409, meaning: "Resources need the network." },
  INVALID_OPERATION_ON_QUORUM: { win32: 5068, exit: 3, http: 409, meaning: "It is not allowed on the quorum." },
  DEPENDENCY_NOT_ALLOWED: { win32: 5069, exit: 2, http: 409, meaning: "The dependency is not allowed." },
  CLUSTER_NODE_PAUSED: { win32: 5070, exit: 9, http: 409, meaning: "The node is paused." },
  NODE_CANT_HOST_RESOURCE: { win32: 5071, exit: 2, http: 409, meaning: "The node can't own the resource." },
  CLUSTER_NODE_NOT_READY: { win32: 5072, exit: 75, http: 503, meaning: "The node is not ready." },
  CLUSTER_NODE_SHUTTING_DOWN: { win32: 5073, exit: 75, http: 503, meaning: "The node is shutting down." },
  CLUSTER_JOIN_ABORTED: { win32: 5074, exit: 1, http: 409, meaning: "The join was broken off." },
  CLUSTER_INCOMPATIBLE_VERSIONS: { win32: 5075, exit: 13, http: 409, meaning: "The versions of the nodes don't fit." },
  CLUSTER_RESOURCE_TYPE_NOT_FOUND: { win32: 5078, exit: 8, http: 404, meaning: "The resource type does not exist." },
  CLUSTER_RESTYPE_NOT_SUPPORTED: {
    win32: 5079,
    exit: 2,
    http: 409,
    meaning: "The node does not support the resource type.",
  },
  CLUSTER_OWNER_NOT_IN_PREFLIST: {
    win32: 5082,
    exit: 9,
    http: 409,
    meaning: "The node is not among the preferred owners.",
  },
  CLUSTER_DATABASE_SEQMISMATCH: {
    win32: 5083,
    exit: 75,
    http: 409,
    meaning: "The database copy has another sequence number.",
  },
  RESMON_INVALID_STATE: { win32: 5084, exit: 1, http: 409, meaning: "The host's state does not allow it." },
  CLUSTER_GUM_NOT_LOCKER: { win32: 5085, exit: 75, http: 503, meaning: "This node does not lead the cluster." },
  QUORUM_DISK_NOT_FOUND: { win32: 5086, exit: 8, http: 503, meaning: "The quorum's place was not found." },
  DATABASE_BACKUP_CORRUPT: { win32: 5087, exit: 5, http: 422, meaning: "The backup set is damaged." },
  RESOURCE_PROPERTY_UNCHANGEABLE: { win32: 5089, exit: 2, http: 409, meaning: "The property can't be changed." },
  CLUSTER_MEMBERSHIP_INVALID_STATE: {
    win32: 5890,
    exit: 9,
    http: 409,
    meaning: "The membership state does not allow it.",
  },
  CLUSTER_QUORUMLOG_NOT_FOUND: { win32: 5891, exit: 5, http: 500, meaning: "The quorum has no log." },
  CLUSTER_MEMBERSHIP_HALT: { win32: 5892, exit: 1, http: 503, meaning: "The node must stop: its membership is over." },
  CLUSTER_INSTANCE_ID_MISMATCH: { win32: 5893, exit: 3, http: 409, meaning: "It belongs to another cluster." },
  CLUSTER_PROPERTY_DATA_TYPE_MISMATCH: { win32: 5895, exit: 2, http: 400, meaning: "The property has another type." },
  CLUSTER_EVICT_WITHOUT_CLEANUP: {
    win32: 5896,
    exit: 4,
    http: 207,
    meaning: "The node is evicted but was not cleaned up.",
  },
  CLUSTER_PARAMETER_MISMATCH: { win32: 5897, exit: 2, http: 409, meaning: "A parameter contradicts what is stored." },
  CLUSTER_CANT_CREATE_DUP_CLUSTER_NAME: { win32: 5900, exit: 9, http: 409, meaning: "A cluster of that name exists." },
  CLUSTER_POISONED: { win32: 5907, exit: 3, http: 409, meaning: "The node was told to leave the cluster." },
  CLUSTER_GROUP_MOVING: { win32: 5908, exit: 10, http: 409, meaning: "The group is moving." },
  CLUSTER_RESOURCE_TYPE_BUSY: { win32: 5909, exit: 9, http: 409, meaning: "Resources of this type exist." },
  RESOURCE_CALL_TIMED_OUT: { win32: 5910, exit: 124, http: 504, meaning: "The resource did not answer in time." },
  CLUSTER_PARAMETER_OUT_OF_BOUNDS: { win32: 5913, exit: 2, http: 400, meaning: "A parameter is outside its bounds." },
  CLUSTER_CANT_DESERIALIZE_DATA: { win32: 5923, exit: 5, http: 422, meaning: "The data could not be decoded." },
  NO_QUORUM: { win32: 5925, exit: 6, http: 503, meaning: "The cluster has no quorum (CLUSTER_NO_QUORUM)." },
  EXCEPTION_IN_RESOURCE_CALL: { win32: 5930, exit: 1, http: 500, meaning: "The resource type failed unforeseen." },
  CLUSTER_RHS_FAILED_INITIALIZATION: { win32: 5931, exit: 1, http: 500, meaning: "The host could not be started." },
  CLUSTER_NOT_INSTALLED: { win32: 5932, exit: 8, http: 404, meaning: "This machine has no cluster." },
  CLUSTER_RESOURCES_MUST_BE_ONLINE_ON_THE_SAME_NODE: {
    win32: 5933,
    exit: 2,
    http: 409,
    meaning: "The resources must be online on one node.",
  },
  CLUSTER_TOO_MANY_NODES: { win32: 5935, exit: 2, http: 409, meaning: "The cluster has as many nodes as it may." },
  CLUSTER_OBJECT_ALREADY_USED: { win32: 5936, exit: 9, http: 409, meaning: "The object is in use already." },
  CLUSTER_GROUP_BUSY: { win32: 5944, exit: 10, http: 409, meaning: "The group is busy with another request." },
  CLUSTER_BACKUP_IN_PROGRESS: { win32: 5949, exit: 10, http: 409, meaning: "A backup is being taken." },
  CLUSTER_RESOURCE_LOCKED_STATUS: { win32: 5960, exit: 10, http: 409, meaning: "The resource is locked." },
  CLUSTER_NODE_DRAIN_IN_PROGRESS: { win32: 5962, exit: 10, http: 409, meaning: "The node is being drained." },
  CLUSTER_DATABASE_UPDATE_CONDITION_FAILED: {
    win32: 5986,
    exit: 9,
    http: 409,
    meaning: "The database changed meanwhile; the update was not applied.",
  },
} as const;

/** Every row by its name. Several names may share a Win32 code, an exit code or an HTTP status: tell errors apart by name. */
export const errorTable: typeof winRows & typeof vssErrorRows = { ...winRows, ...vssErrorRows };

/** A name of `errorTable`: what tests, clients and `Failure.name` tell errors apart by. */
export type ErrorName = keyof typeof errorTable;

/** Whether a text, from the network or a file, is the name of a row. */
export function isErrorName(text: string): text is ErrorName {
  return Object.hasOwn(errorTable, text);
}

/** What a case says beyond its row: full sentences, for people. */
export interface FailureDetails {
  /** What happened, with names and numbers. */
  readonly happened: string;
  /** What was not changed. */
  readonly unchanged?: string;
  /** What to do next. */
  readonly next?: string;
  readonly cause?: unknown;
}

/** An error of the table. `message` holds the three sentences, one after the other. */
export class Failure extends Error {
  override readonly name: ErrorName;
  readonly win32: number;
  readonly exit: number;
  readonly http: number;
  readonly happened: string;
  readonly unchanged: string;
  readonly next: string;

  constructor(name: ErrorName, details: FailureDetails) {
    const { happened, unchanged = "", next = "" } = details;
    super([happened, unchanged, next].filter((part) => part !== "").join(" "));
    if (details.cause !== undefined) this.cause = details.cause;
    const row: ErrorRow = errorTable[name];
    this.name = name;
    this.win32 = row.win32;
    this.exit = row.exit;
    this.http = row.http;
    this.happened = happened;
    this.unchanged = unchanged;
    this.next = next;
  }
}

/** Makes the error to throw. */
export function fail(name: ErrorName, details: FailureDetails): Failure {
  return new Failure(name, details);
}
