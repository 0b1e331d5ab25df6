/** What an application imports to follow a migration's flag. */
export { AgentSource, type AgentSourceProps } from "./agent-source.ts";
export { AppConfigSource, type AppConfigSourceProps } from "./app-config-source.ts";
export { FlagClient, type FlagClientProps, type FlagCounts, type FlagEvent, readFlag } from "./flag-client.ts";
export type { FlagLocation, FlagSource } from "./flag-source.ts";
export { FlagUnreadable } from "./flag-unreadable.ts";
export type { Exposure, FlagState, RouteRequest } from "../core/flag.ts";
