/** The flag cannot be read: whoever was asked refused, or answered with something else. */
export class FlagUnreadable extends Error {
  override readonly name = "FlagUnreadable";
}
