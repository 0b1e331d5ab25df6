import { operatorWatches } from "../../lib/operator-watches.ts";
import { table } from "./regions.ts";

/** The alarms of a stack that is called `Sluice`. */
export function alarmsTable(): string {
  const rows = operatorWatches.map(({ name, means, press }) => [`\`Sluice-${name}\``, marked(means), marked(press)]);
  return table(["alarm", "means", "action"], rows);
}

/** Commands as code, and the words in capitals bold: the texts are plain, since CloudWatch shows them too. */
function marked(text: string): string {
  return text.replaceAll(/sluice [a-z]+(?: <run>)?/g, "`npx $&`").replaceAll(/[A-Z]{4,}(?: [A-Z]+)+/g, "**$&**");
}
