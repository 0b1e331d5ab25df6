import { ERROR_GUIDE, type Guidance } from "./error-guide.ts";
import { linkTo, table } from "./regions.ts";

/** Every error by name, alphabetically, since it is looked up by it. */
export function errorsTable(): string {
  const guides = Object.entries<Guidance>(ERROR_GUIDE).toSorted(([one], [other]) => one.localeCompare(other, "en"));
  const rows = guides.map(([name, { means, action, section }]) => [
    `\`${name}\``,
    means,
    section === undefined ? action : `${action}: ${linkTo(section)}`,
  ]);
  return table(["error", "what it means", "action"], rows);
}
