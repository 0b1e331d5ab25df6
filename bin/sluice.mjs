#!/usr/bin/env node
// The sources are TypeScript: this file only teaches Node.js to read them.
import { register } from "tsx/esm/api";

register();
await import("./sluice.ts");
