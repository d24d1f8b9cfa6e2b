/// <reference lib="dom" />
/** True for a user whose token opens only the routes for labels: the server says so in the page. */
export const mayOnlyLabel: boolean = document.documentElement.dataset["right"] === "label";
