import { foldName } from "../tree/path.ts";
import { dwordOf, multiSzOf, qwordOf, textOf, type Value, valueType } from "../tree/value.ts";

/** A row of a type's parameter table; documents and checks are made from it. */
export interface ParameterRow {
  readonly name: string;
  /** text: REG_SZ; texts: REG_MULTI_SZ; number and flag (0 or 1): REG_DWORD; bytes: REG_BINARY. */
  readonly kind: "text" | "texts" | "number" | "flag" | "bytes";
  readonly required: boolean;
  readonly default?: string | number | boolean | readonly string[];
  /** One sentence for people. */
  readonly meaning: string;
  /** What is wrong with a value of the right kind that is not empty, as a sentence; undefined when nothing is. */
  readonly refuses?: (value: Value) => string | undefined;
}

/** A resource's private properties, read by name (case does not matter). Absent ones give the table's default. */
export interface Parameters {
  /** Undefined when absent and without default, or empty. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  number(name: string): number;
  flag(name: string): boolean;
  /** All that are there, as text: for a script's environment. */
  asTexts(): Iterable<readonly [name: string, text: string]>;
}

/** Reads the values of a resource's `Parameters` key by its type's table. */
export function parametersOf(values: Iterable<Value>, rows: readonly ParameterRow[]): Parameters {
  const byName = new Map([...values].map((value) => [foldName(value.name), value]));
  const valueOf = (name: string): Value | undefined => byName.get(foldName(name));
  const defaultOf = (name: string): ParameterRow["default"] =>
    rows.find((row) => foldName(row.name) === foldName(name))?.default;
  const number = (name: string): number => dwordOf(valueOf(name)) ?? Number(defaultOf(name) ?? 0);
  return {
    text: (name) => (textOf(valueOf(name)) ?? (defaultOf(name) as string | undefined)) || undefined,
    texts: (name) =>
      multiSzOf(valueOf(name)) ?? oneText(valueOf(name)) ?? (defaultOf(name) as readonly string[] | undefined) ?? [],
    number,
    flag: (name) => number(name) !== 0,
    *asTexts() {
      for (const value of byName.values()) {
        const text = valueText(value);
        if (text !== undefined) yield [value.name, text];
      }
    },
  };
}

/** What is wrong with a parameter. */
export interface ParameterProblem {
  readonly name: string;
  /** It may still be given, until the resource is to come online. */
  readonly isMissing: boolean;
  readonly sentence: string;
}

/** The sentences of `findProblems`. */
export function parameterProblems(
  values: Iterable<Value>,
  rows: readonly ParameterRow[],
  more: boolean = false,
): readonly string[] {
  return findProblems(values, rows, more).map(({ sentence }) => sentence);
}

/**
 * What is wrong with a resource's parameters; empty when nothing is. A sentence each, naming the parameter. `more`: others than the
 * table's are fine.
 */
export function findProblems(
  values: Iterable<Value>,
  rows: readonly ParameterRow[],
  more: boolean = false,
): readonly ParameterProblem[] {
  const problems: ParameterProblem[] = [];
  const add = (name: string, sentence: string, isMissing = false): void =>
    void problems.push({ name, isMissing, sentence });
  const seen = new Set<string>();
  for (const value of values) {
    const row = rows.find((each) => foldName(each.name) === foldName(value.name));
    seen.add(foldName(value.name));
    if (row === undefined) {
      if (!more) add(value.name, `There is no parameter ${value.name}.`);
    } else if (!fits(row, value)) add(row.name, `${row.name} must be ${kindNames[row.kind]}.`);
    else if (isEmpty(row, value)) {
      if (row.required) add(row.name, `${row.name} is empty.`);
    } else {
      const wrong = row.refuses?.(value);
      if (wrong !== undefined) add(row.name, wrong);
    }
  }
  for (const row of rows) {
    if (row.required && !seen.has(foldName(row.name))) add(row.name, `${row.name} is missing: ${row.meaning}`, true);
  }
  return problems;
}

const kindNames = {
  text: "a text (REG_SZ)",
  texts: "texts (REG_MULTI_SZ)",
  number: "a number (REG_DWORD)",
  flag: "0 or 1 (REG_DWORD)",
  bytes: "bytes (REG_BINARY)",
};

function fits(row: ParameterRow, value: Value): boolean {
  switch (row.kind) {
    case "text":
      return textOf(value) !== undefined;
    case "texts":
      return (multiSzOf(value) ?? oneText(value)) !== undefined;
    case "number":
      return dwordOf(value) !== undefined;
    case "flag":
      return dwordOf(value) === 0 || dwordOf(value) === 1;
    case "bytes":
      return value.type === valueType.binary;
  }
}

function isEmpty(row: ParameterRow, value: Value): boolean {
  return row.kind === "texts"
    ? (multiSzOf(value) ?? oneText(value) ?? []).length === 0
    : row.kind === "text" && textOf(value) === "";
}

function oneText(value: Value | undefined): readonly string[] | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : [text];
}

/** A registry value as text: strings as they are, several joined by line breaks, numbers in decimal; undefined for other types. */
export function valueText(value: Value): string | undefined {
  return textOf(value) ?? multiSzOf(value)?.join("\n") ?? (dwordOf(value) ?? qwordOf(value))?.toString();
}
