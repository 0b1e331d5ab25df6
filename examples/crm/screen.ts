import type { Style } from "../../cli/output/style.ts";

/** Where the demo writes: `process.stderr`, so that `--json` keeps standard output to itself. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CURSOR_UP = (lines: number): string => `\u001b[${String(lines)}A`;
const CLEAR_BELOW = "\u001b[0J";
// eslint-disable-next-line no-control-regex -- the escape character is what a style begins with
const STYLES = /\u001b\[\d+m/g;

/** Lines that stay, and on a terminal one block below them that is drawn over. */
export class Screen {
  #drawn = 0;
  #lastLine = "";

  constructor(
    private readonly terminal: Terminal,
    readonly style: Style,
  ) {}

  /** A line that stays. */
  say(line: string): void {
    this.#erase();
    this.terminal.write(`${line}\n`);
  }

  /** Draws the block anew on a terminal; elsewhere writes `line` where `key` has changed since the last time. */
  show(block: readonly string[], line: string, key: string): void {
    if (this.terminal.isTTY === true) {
      this.#erase();
      this.terminal.write(block.map((text) => `${this.#fit(text)}\n`).join(""));
      this.#drawn = block.length;
    } else if (key !== this.#lastLine) {
      this.#lastLine = key;
      this.terminal.write(`${line}\n`);
    }
  }

  #erase(): void {
    if (this.#drawn > 0) this.terminal.write(CURSOR_UP(this.#drawn) + CLEAR_BELOW);
    this.#drawn = 0;
  }

  /** A line that wraps would be two, and the cursor would not go back far enough. */
  #fit(text: string): string {
    const plain = text.replaceAll(STYLES, "");
    const width = this.terminal.columns ?? 120;
    return plain.length < width ? text : plain.slice(0, width - 1);
  }
}
