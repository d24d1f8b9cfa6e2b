import { importHalf } from "./import_half.ts";

await importHalf(0);
