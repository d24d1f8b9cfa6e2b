/** The URL of the folder of the package. This module is only part of bundles, whose chunks lie in that folder. */
export const PACKAGE_ROOT = new URL("./", import.meta.url).href;
