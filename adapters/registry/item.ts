import { ServiceRefused } from "../../core/errors.ts";
import type { Item } from "./registry-table.ts";

/** @throws ServiceRefused where the item was edited by hand: nothing is guessed. */
export function text(item: Item, attribute: string): string {
  const value = item[attribute];
  if (typeof value === "string") return value;
  throw unreadable(item, attribute);
}

export function flag(item: Item, attribute: string): boolean {
  const value = item[attribute];
  if (typeof value === "boolean") return value;
  throw unreadable(item, attribute);
}

/** An attribute that need not be there; undefined where it is not. */
export function optional<T>(item: Item, attribute: string, read: (item: Item, attribute: string) => T): T | undefined {
  return item[attribute] === undefined ? undefined : read(item, attribute);
}

/** A map of texts within an item. */
export function texts<Key extends string>(item: Item, attribute: string, keys: readonly Key[]): Record<Key, string> {
  const value = item[attribute];
  if (typeof value !== "object" || value === null) throw unreadable(item, attribute);
  const map = value as Item;
  const read = (key: Key): string => {
    const member = map[key];
    if (typeof member !== "string") throw unreadable(item, attribute);
    return member;
  };
  return Object.fromEntries(keys.map((key) => [key, read(key)])) as Record<Key, string>;
}

export function oneOf<T extends string>(item: Item, attribute: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === item[attribute]);
  if (found === undefined) throw unreadable(item, attribute);
  return found;
}

export function unreadable(item: Item, attribute: string): ServiceRefused {
  return new ServiceRefused({
    object: `item "${String(item["id"])}" of the run registry`,
    problem: `attribute "${attribute}" is ${attribute in item ? JSON.stringify(item[attribute]) : "missing"}`,
    remedy: "Restore the table to a point before it was edited, or correct the item",
  });
}
