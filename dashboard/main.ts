/// <reference lib="dom" />
/** Starts the page. */
import { h, render } from "preact";
import { App } from "./app.ts";
import { Store } from "./store.ts";

const store = new Store();
store.start();
render(h(App, { store }), document.body);
