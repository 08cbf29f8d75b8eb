/**
 * Certificates (X.509 version 3, RFC 5280; requests PKCS#10, RFC 2986), made with pkijs. Keys are P-256, signatures ECDSA with SHA-256.
 * Reading and believing them is the system's TLS; nothing here decides whom to trust.
 */
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from "node:crypto";
import { BitString, Integer, OctetString, Utf8String } from "asn1js";
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  CertificationRequest,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  Time,
} from "pkijs";
import { toHex } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import type { Random } from "../base/outside.ts";
import { makePrivateKey } from "../registry/private-key.ts";

/** A certificate with its private key (PKCS#8), both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** For whom a certificate is; the name is a node id, or a user's name of letters, digits, `.`, `_` and `-`. */
export interface Holder {
  readonly kind: "node" | "user";
  readonly name: string;
}

/** What a certificate is to say beside its key. */
export interface Issue {
  readonly holder: Holder;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** Wall time in milliseconds, from and to. */
  readonly from: number;
  readonly to: number;
  /** Names and IP addresses under which a node is reached. */
  readonly hosts: readonly string[];
}

const minute = 60_000;
/** An authority lives for 20 years of 365 days. */
const authorityLife = 20 * 365 * 24 * 60 * minute;
/** Clocks of machines differ: a certificate counts from a little earlier, five minutes at most. */
const clockSkew = (life: number): number => Math.min(5 * minute, life / 10);

const oid = {
  commonName: "2.5.4.3",
  keyUsage: "2.5.29.15",
  alternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Bits of KeyUsage, the first eight. */
const usage = { digitalSignature: 0x80, signCertificates: 0x06 } as const;

/** A new authority, signed by itself. `wall` in milliseconds. */
export async function makeAuthority(random: Random, wall: number): Promise<KeyedCertificate> {
  const key = await makePrivateKey("ec-p256", random);
  const name = `clubar authority ${toHex(random.bytes(8))}`;
  const certificate = await signed(
    {
      subject: name,
      issuer: name,
      publicKey: spkiOf(key),
      from: wall - clockSkew(authorityLife),
      to: wall + authorityLife,
      extensions: [
        extension(oid.basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema()),
        keyUsage(usage.signCertificates),
      ],
    },
    key,
    random,
  );
  return { certificate, key: pemOf(key) };
}

/** A new private key (PEM) and a request (PKCS#10, DER) that proves it. */
export async function makeRequest(random: Random): Promise<{ readonly key: string; readonly request: Uint8Array }> {
  const key = await makePrivateKey("ec-p256", random);
  const request = new CertificationRequest();
  request.subject.typesAndValues.push(commonName("clubar"));
  request.subjectPublicKeyInfo = PublicKeyInfo.fromBER(bufferOf(spkiOf(key)));
  await request.sign(await signerOf(key), "SHA-256");
  return { key: pemOf(key), request: new Uint8Array(request.toSchema().toBER(false)) };
}

/** The key (SubjectPublicKeyInfo, DER) for which a request asks. INVALID_DATA when it is damaged or does not prove a P-256 key. */
export async function keyOfRequest(der: Uint8Array): Promise<Uint8Array> {
  try {
    const request = CertificationRequest.fromBER(bufferOf(der));
    if (!(await request.verify())) throw new Error("its signature does not hold");
    const spki = new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER(false));
    const { namedCurve } = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" })
      .asymmetricKeyDetails ?? { namedCurve: undefined };
    if (namedCurve !== "prime256v1") throw new Error("its key is not of the curve P-256");
    return spki;
  } catch (cause) {
    throw fail("INVALID_DATA", {
      happened: `A request for a certificate can't be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
      unchanged: "No certificate was made.",
      cause,
    });
  }
}

/** A certificate of the authority's, PEM. */
export async function issueCertificate(authority: KeyedCertificate, issue: Issue, random: Random): Promise<string> {
  const { holder, publicKey, from, to, hosts } = issue;
  const purposes = holder.kind === "node" ? [oid.serverAuth, oid.clientAuth] : [oid.clientAuth];
  const names = [new GeneralName({ type: 6, value: `urn:clubar:${holder.kind}:${holder.name}` }), ...hosts.map(nameOf)];
  return signed(
    {
      subject: `clubar ${holder.kind} ${holder.name}`,
      issuer: subjectOf(authority.certificate),
      publicKey,
      from: from - clockSkew(to - from),
      to,
      extensions: [
        extension(oid.basicConstraints, true, new BasicConstraints({ cA: false }).toSchema()),
        keyUsage(usage.digitalSignature),
        extension(oid.extendedKeyUsage, false, new ExtKeyUsage({ keyPurposes: purposes }).toSchema()),
        extension(oid.alternativeName, false, new GeneralNames({ names }).toSchema()),
      ],
    },
    createPrivateKey(authority.key),
    random,
  );
}

interface Body {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly extensions: readonly Extension[];
}

type PrivateKey = ReturnType<typeof createPrivateKey>;

async function signed(body: Body, key: PrivateKey, random: Random): Promise<string> {
  const certificate = new Certificate();
  certificate.version = 2;
  // 128 bits, positive and not zero (RFC 5280 §4.1.2.2).
  const serial = random.bytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  certificate.serialNumber = new Integer({ valueHex: bufferOf(serial) });
  certificate.subject.typesAndValues.push(commonName(body.subject));
  certificate.issuer.typesAndValues.push(commonName(body.issuer));
  certificate.notBefore = timeOf(body.from);
  certificate.notAfter = timeOf(body.to);
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(bufferOf(body.publicKey));
  certificate.extensions = [...body.extensions];
  await certificate.sign(await signerOf(key), "SHA-256");
  const der = Buffer.from(certificate.toSchema(true).toBER(false));
  return new X509Certificate(der).toString();
}

/** UTCTime until 2049, GeneralizedTime from 2050 on, whole seconds (RFC 5280 §4.1.2.5). */
function timeOf(wall: number): Time {
  const value = new Date(Math.floor(wall / 1000) * 1000);
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function extension(extnID: string, critical: boolean, schema: { toBER(sizeOnly: boolean): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: schema.toBER(false) });
}

function keyUsage(bits: number): Extension {
  const unusedBits = Math.log2(bits & -bits);
  return extension(oid.keyUsage, true, new BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits }));
}

/** dNSName or iPAddress. */
function nameOf(host: string): GeneralName {
  const address = addressBytes(host);
  if (address === undefined) return new GeneralName({ type: 2, value: host });
  return new GeneralName({ type: 7, value: new OctetString({ valueHex: bufferOf(address) }) });
}

/** An IP address as 4 or 16 bytes; undefined for a name. */
function addressBytes(host: string): Uint8Array | undefined {
  if (/^\d+(\.\d+){3}$/.test(host)) return Uint8Array.from(host.split(".").map(Number));
  if (!host.includes(":")) return undefined;
  const { hostname } = new URL(`http://[${host}]/`);
  const [left = "", right] = hostname.slice(1, -1).split("::");
  const groups = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const [first, last] = [groups(left), groups(right)];
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function commonName(value: string): AttributeTypeAndValue {
  return new AttributeTypeAndValue({ type: oid.commonName, value: new Utf8String({ value }) });
}

function subjectOf(pem: string): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(pem).subject)?.[1] ?? "";
}

/** As the library takes it: an ArrayBuffer of exactly these bytes. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function spkiOf(key: PrivateKey): Uint8Array {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

function pemOf(key: PrivateKey): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

type Signer = Parameters<Certificate["sign"]>[0];

async function signerOf(key: PrivateKey): Promise<Signer> {
  const pkcs8 = key.export({ type: "pkcs8", format: "der" });
  const usages: webcrypto.KeyUsage[] = ["sign"];
  // The library names the browser's type of a key, which lacks the newest uses that Node's has.
  return (await webcrypto.subtle.importKey(
    "pkcs8",
    pkcs8,
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    usages,
  )) as Signer;
}
