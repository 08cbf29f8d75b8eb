/**
 * The part of etcd's API version 3 that clubar speaks, in protobufjs' JSON form. Names and numbers are those of etcd's
 * `rpc.proto`, `kv.proto` (Apache-2.0, github.com/etcd-io/etcd, release 3.4); fields that are left out are skipped on reading.
 */

type Fields = Readonly<Record<string, readonly [type: string, id: number]>>;

function message(fields: Fields, oneofs: Readonly<Record<string, readonly string[]>> = {}): object {
  const spelled = Object.entries(fields).map(([name, [type, id]]) => {
    const repeated = type.startsWith("*");
    return [name, { type: repeated ? type.slice(1) : type, id, ...(repeated ? { rule: "repeated" } : {}) }];
  });
  const groups = Object.entries(oneofs).map(([name, oneof]) => [name, { oneof }]);
  return {
    fields: Object.fromEntries(spelled),
    ...(groups.length === 0 ? {} : { oneofs: Object.fromEntries(groups) }),
  };
}

function service(methods: Readonly<Record<string, readonly [request: string, response: string]>>): object {
  const spelled = Object.entries(methods).map(([name, [requestType, responseType]]) => [
    name,
    { requestType, responseType },
  ]);
  return { methods: Object.fromEntries(spelled) };
}

const header = { header: ["ResponseHeader", 1] } as const;

const kv = {
  ResponseHeader: message({
    cluster_id: ["uint64", 1],
    member_id: ["uint64", 2],
    revision: ["int64", 3],
    raft_term: ["uint64", 4],
  }),
  KeyValue: message({
    key: ["bytes", 1],
    create_revision: ["int64", 2],
    mod_revision: ["int64", 3],
    version: ["int64", 4],
    value: ["bytes", 5],
    lease: ["int64", 6],
  }),
  RangeRequest: message({
    key: ["bytes", 1],
    range_end: ["bytes", 2],
    limit: ["int64", 3],
    revision: ["int64", 4],
    serializable: ["bool", 7],
    keys_only: ["bool", 8],
  }),
  RangeResponse: message({ ...header, kvs: ["*KeyValue", 2], more: ["bool", 3], count: ["int64", 4] }),
  PutRequest: message({ key: ["bytes", 1], value: ["bytes", 2], lease: ["int64", 3] }),
  PutResponse: message({ ...header }),
  DeleteRangeRequest: message({ key: ["bytes", 1], range_end: ["bytes", 2] }),
  DeleteRangeResponse: message({ ...header, deleted: ["int64", 2] }),
  RequestOp: message(
    {
      request_range: ["RangeRequest", 1],
      request_put: ["PutRequest", 2],
      request_delete_range: ["DeleteRangeRequest", 3],
    },
    { request: ["request_range", "request_put", "request_delete_range"] },
  ),
  ResponseOp: message(
    {
      response_range: ["RangeResponse", 1],
      response_put: ["PutResponse", 2],
      response_delete_range: ["DeleteRangeResponse", 3],
    },
    { response: ["response_range", "response_put", "response_delete_range"] },
  ),
  CompareResult: { values: { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 } },
  CompareTarget: { values: { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 } },
  Compare: message(
    {
      result: ["CompareResult", 1],
      target: ["CompareTarget", 2],
      key: ["bytes", 3],
      version: ["int64", 4],
      value: ["bytes", 7],
    },
    { target_union: ["version", "value"] },
  ),
  TxnRequest: message({ compare: ["*Compare", 1], success: ["*RequestOp", 2], failure: ["*RequestOp", 3] }),
  TxnResponse: message({ ...header, succeeded: ["bool", 2], responses: ["*ResponseOp", 3] }),
  CompactionRequest: message({ revision: ["int64", 1], physical: ["bool", 2] }),
  CompactionResponse: message({ ...header }),
};

const others = {
  LeaseGrantRequest: message({ TTL: ["int64", 1], ID: ["int64", 2] }),
  LeaseGrantResponse: message({ ...header, ID: ["int64", 2], TTL: ["int64", 3], error: ["string", 4] }),
  LeaseRevokeRequest: message({ ID: ["int64", 1] }),
  LeaseRevokeResponse: message({ ...header }),
  StatusRequest: message({}),
  StatusResponse: message({
    ...header,
    version: ["string", 2],
    dbSize: ["int64", 3],
    leader: ["uint64", 4],
    raftTerm: ["uint64", 6],
    errors: ["*string", 8],
    dbSizeInUse: ["int64", 9],
  }),
  DefragmentRequest: message({}),
  DefragmentResponse: message({ ...header }),
  AlarmType: { values: { NONE: 0, NOSPACE: 1, CORRUPT: 2 } },
  AlarmAction: { values: { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 } },
  AlarmRequest: message({ action: ["AlarmAction", 1], memberID: ["uint64", 2], alarm: ["AlarmType", 3] }),
  AlarmMember: message({ memberID: ["uint64", 1], alarm: ["AlarmType", 2] }),
  AlarmResponse: message({ ...header, alarms: ["*AlarmMember", 2] }),
  MemberListRequest: message({}),
  MemberListResponse: message({ ...header, members: ["*Member", 2] }),
  Member: message({ ID: ["uint64", 1], name: ["string", 2], isLearner: ["bool", 5] }),
  AuthenticateRequest: message({ name: ["string", 1], password: ["string", 2] }),
  AuthenticateResponse: message({ ...header, token: ["string", 2] }),
};

const services = {
  KV: service({
    Range: ["RangeRequest", "RangeResponse"],
    Txn: ["TxnRequest", "TxnResponse"],
    Compact: ["CompactionRequest", "CompactionResponse"],
  }),
  Lease: service({
    LeaseGrant: ["LeaseGrantRequest", "LeaseGrantResponse"],
    LeaseRevoke: ["LeaseRevokeRequest", "LeaseRevokeResponse"],
  }),
  Maintenance: service({
    Status: ["StatusRequest", "StatusResponse"],
    Defragment: ["DefragmentRequest", "DefragmentResponse"],
    Alarm: ["AlarmRequest", "AlarmResponse"],
  }),
  Cluster: service({ MemberList: ["MemberListRequest", "MemberListResponse"] }),
  Auth: service({ Authenticate: ["AuthenticateRequest", "AuthenticateResponse"] }),
};

/** For `openGrpc`; methods are named as `etcdserverpb.KV/Txn`. */
export const etcdDescriptor: object = { nested: { etcdserverpb: { nested: { ...kv, ...others, ...services } } } };
