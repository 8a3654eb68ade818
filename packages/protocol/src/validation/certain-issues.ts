// Counts the issues that a value has for certain, before a schema runs, which creates an object for each of them.
// Called by `validate` for values of clients: 64 KB of `{}` in a list of objects with a hundred fields are two million issues.
// Guarantees that no value is counted as invalid that the schema accepts: anything unclear has no issue.
import type { core } from "zod";
import { someNode } from "./schema-nodes.ts";
import type { Schema } from "../definition.ts";

/** The part of zod's definitions that is read here. */
interface Definition {
  readonly type: string;
  readonly coerce?: boolean;
  readonly partial?: boolean;
  readonly shape: Readonly<Record<string, core.$ZodType>>;
  readonly element: core.$ZodType;
  readonly items: readonly core.$ZodType[];
  readonly keyType: core.$ZodType;
  readonly valueType: core.$ZodType;
  readonly innerType: core.$ZodType;
  readonly in: core.$ZodType;
  readonly options: readonly core.$ZodType[];
  readonly getter: () => core.$ZodType;
}

type Fields = Readonly<Record<string, unknown>>;

const REPEATING = new Set(["array", "record", "tuple"]);
const cache = new WeakMap<object, boolean>();

/** Whether a value has more than `most` issues for certain. */
export function hasMoreIssues(schema: Schema, value: unknown, most: number): boolean {
  let isRepeating = cache.get(schema);
  if (isRepeating === undefined) {
    isRepeating = someNode(schema, ({ type = "" }) => REPEATING.has(type));
    cache.set(schema, isRepeating);
  }
  return isRepeating && count(schema as core.$ZodType, value, most) > most;
}

function count(schema: core.$ZodType, value: unknown, most: number): number {
  const def = definitionOf(schema);
  switch (def.type) {
    case "object":
      return isFields(value) ? countFields(def.shape, value, most) : Number(!isObject(value));
    case "array":
      return Array.isArray(value) ? sum(value, most, (item) => count(def.element, item, most)) : 1;
    case "tuple":
      return Array.isArray(value)
        ? sum(def.items, most, (item, at) => (at < value.length ? count(item, value[at], most) : 0))
        : 1;
    case "record":
      return isFields(value) ? countEntries(def, value, most) : Number(!isObject(value));
    case "union": {
      const counts = def.options.map((option) => count(option, value, most));
      return counts.includes(0) ? 0 : Math.max(...counts);
    }
    case "literal":
    case "enum":
      return schema._zod.values?.has(value as core.util.Primitive) === false ? 1 : 0;
    case "nullable":
      return value === null ? 0 : count(def.innerType, value, most);
    case "optional":
    case "default":
    case "readonly":
    case "nonoptional":
      return value === undefined ? 0 : count(def.innerType, value, most);
    case "pipe":
      return count(def.in, value, most);
    case "lazy":
      return count(def.getter(), value, most);
    default:
      return 0;
  }
}

function countFields(shape: Definition["shape"], fields: Fields, most: number): number {
  return sum(Object.keys(shape), most, (key) => {
    const field = shape[key];
    if (field === undefined) return 0;
    return Object.hasOwn(fields, key) ? count(field, fields[key], most) : Number(isRequired(field));
  });
}

function countEntries({ keyType, partial, valueType }: Definition, fields: Fields, most: number): number {
  const present = sum(Object.values(fields), most, (item) => count(valueType, item, most));
  const { values } = keyType._zod;
  // A record with the keys of an enum has all of them.
  if (values === undefined || partial === true || !isRequired(valueType)) return present;
  return present + Math.max(0, values.size - Object.keys(fields).length);
}

/** The types that refuse `undefined`. */
const REQUIRED = new Set([
  "string",
  "number",
  "boolean",
  "null",
  "enum",
  "object",
  "array",
  "tuple",
  "record",
]);

function isRequired(schema: core.$ZodType): boolean {
  const { coerce, getter, in: input, innerType, type } = definitionOf(schema);
  if (type === "nullable" || type === "readonly" || type === "nonoptional") return isRequired(innerType);
  if (type === "pipe") return isRequired(input);
  if (type === "lazy") return isRequired(getter());
  if (type === "literal") return schema._zod.values?.has(undefined) === false;
  return REQUIRED.has(type) && coerce !== true;
}

/** Adds up until the sum is above `most`. */
function sum<T>(items: readonly T[], most: number, countOf: (item: T, at: number) => number): number {
  let found = 0;
  for (let at = 0; at < items.length && found <= most; at++) found += countOf(items[at] as T, at);
  return found;
}

function definitionOf(schema: core.$ZodType): Definition {
  return schema._zod.def as unknown as Definition;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isFields(value: unknown): value is Fields {
  return isObject(value) && !Array.isArray(value);
}
