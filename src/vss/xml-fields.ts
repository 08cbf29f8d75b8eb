/** Attributes of an element as typed values, each checked. All throw VSS_E_INVALID_XML_DOCUMENT. */
import { invalid, type Element } from "./xml.ts";

/** Reads the attributes and children of one element; `finish` refuses what nobody asked for. */
export class Fields {
  readonly #element: Element;
  readonly #asked = new Set<string>();
  readonly #children = new Set<string>();

  constructor(element: Element, name: string = element.name) {
    if (element.name !== name) throw invalid(`${element.name} stands where ${name} should`);
    this.#element = element;
  }

  optional(name: string): string | undefined {
    this.#asked.add(name);
    return Object.hasOwn(this.#element.attributes, name) ? this.#element.attributes[name] : undefined;
  }

  text(name: string): string {
    const found = this.optional(name);
    if (found === undefined) throw invalid(`${this.#element.name} lacks ${name}`);
    return found;
  }

  /** A GUID in lower case without braces. */
  guid(name: string): string {
    const found = this.text(name);
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(found)) throw this.#wrong(name, found);
    return found;
  }

  flag(name: string): boolean {
    const found = this.optionalFlag(name);
    if (found === undefined) throw invalid(`${this.#element.name} lacks ${name}`);
    return found;
  }

  optionalFlag(name: string): boolean | undefined {
    const found = this.optional(name);
    if (found === undefined) return undefined;
    if (found !== "yes" && found !== "no") throw this.#wrong(name, found);
    return found === "yes";
  }

  /** 0 … 2³²-1 */
  number(name: string): number {
    const found = this.text(name);
    const number = Number(found);
    if (!/^(0|[1-9][0-9]{0,9})$/.test(found) || number > 0xffffffff) throw this.#wrong(name, found);
    return number;
  }

  /** A name of an enumeration; the value. */
  oneOf<T extends number>(name: string, enumeration: Readonly<Record<string, T>>): T {
    const found = this.text(name);
    const value = Object.hasOwn(enumeration, found) ? enumeration[found] : undefined;
    if (value === undefined) throw this.#wrong(name, found);
    return value;
  }

  children(name: string): readonly Element[] {
    this.#children.add(name);
    return this.#element.children.filter((each) => each.name === name);
  }

  /** The only child of that name, if there is one. */
  child(name: string): Element | undefined {
    const [first, second] = this.children(name);
    if (second !== undefined) throw invalid(`${this.#element.name} has more than one ${name}`);
    return first;
  }

  finish(): void {
    const { name, attributes, children } = this.#element;
    const attribute = Object.keys(attributes).find((each) => !this.#asked.has(each));
    if (attribute !== undefined) throw invalid(`${name} has an attribute ${attribute}`);
    const child = children.find((each) => !this.#children.has(each.name));
    if (child !== undefined) throw invalid(`${name} holds ${child.name}`);
  }

  #wrong(name: string, value: string): Error {
    return invalid(`${name} of ${this.#element.name} is "${value.slice(0, 60)}"`);
  }
}

/** A flag as it is written. */
export function yesNo(flag: boolean): string {
  return flag ? "yes" : "no";
}
