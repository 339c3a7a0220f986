// Builds plugin.js to the component that the first argument names. Needs the package of package.json beside it.

import { componentize } from "@bytecodealliance/componentize-js";
import { readFile, writeFile } from "node:fs/promises";

const here = new URL(".", import.meta.url).pathname;
const { component } = await componentize(await readFile(`${here}plugin.js`, "utf8"), {
  witPath: process.env.STAUNCH_WIT ?? `${here}../../wit`,
  worldName: "scorer",
  // A plugin imports nothing: no clock, no randomness, no output, no network.
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await writeFile(process.argv[2] ?? "js-score.wasm", component);
