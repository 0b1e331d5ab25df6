/** A program that starts an emulator, says where it is, and then goes on until it is killed. */
import { startEmulator } from "../../local/emulator.ts";

const { url, logFile } = await startEmulator();
console.log(JSON.stringify({ url, logFile }));
if (process.argv[2] !== "end") setInterval(() => undefined, 60_000);
