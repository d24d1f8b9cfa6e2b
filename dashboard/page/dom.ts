/// <reference lib="dom" />
/** The few things that every part of the page does with elements. */

/** The element of the page with this id; the page and its code come together, so that a missing one is a defect. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`The page has no ${kind.name} #${id}`);
  return element;
}

export function within<Kind extends HTMLElement>(root: HTMLElement, selector: string, kind: new () => Kind): Kind {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new TypeError(`#${root.id} has no ${kind.name} ${selector}`);
  return element;
}

export function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Writes only what changed: no work for the browser, and no repetition by a screen reader. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A row of a table: what it is about, then its numbers. */
export function tableRow(name: Node | string, ...numbers: (Node | string)[]): HTMLTableRowElement {
  const head = create("th", "", name);
  head.scope = "row";
  return create("tr", "", head, ...numbers.map((number) => create("td", "number", number)));
}

/** A text that may have no room: whole where the pointer rests on it. */
export function short(text: string, className = "short"): HTMLElement {
  const element = create("span", className, text);
  element.title = text;
  return element;
}
