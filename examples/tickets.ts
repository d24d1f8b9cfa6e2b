/**
 * Generates support tickets: `text,label` rows of five classes on standard output.
 *
 *     deno run examples/tickets.ts > tickets.csv
 *
 * A ticket describes a problem in one of many ways, often with a word that is typical of another class ("the invoice page
 * crashes"), with greetings, typing errors and, in one of fifty, a wrong label.
 */
import { createDraw, csv, print } from "./draw.ts";

const ROWS = 4000;

const WORDS = {
  greeting: ["hi", "hello", "hi team", "good morning", "hey", "dear support", "hello there"],
  closing: ["thanks", "thank you!", "please help", "any ideas?", "regards", "cheers", "this is urgent", "no hurry"],
  when: ["since yesterday", "today", "since the last update", "for a week now", "every time", "this morning", "again"],
  page: ["settings page", "invoice page", "dashboard", "login screen", "export", "search", "mobile app", "upload form"],
  device: ["iPhone", "Android phone", "old laptop", "Windows PC", "work computer", "tablet"],
  plan: ["basic plan", "team plan", "yearly plan", "pro subscription", "trial"],
  money: ["19 €", "$49", "120 dollars", "the full year", "two months", "€ 9.99"],
  item: ["order", "parcel", "replacement", "keyboard I ordered", "starter kit", "package"],
  colleague: ["my colleague", "a new employee", "our accountant", "my boss", "the whole team"],
};

const TICKETS: Readonly<Record<string, readonly string[]>> = {
  billing: [
    "I was charged [twice|two times|again] for the {plan}",
    "why [was|did you take] {money} from my card {when}",
    "please [refund|pay back|return] {money}, I [cancelled|ended] the {plan} {when}",
    "the invoice for the {plan} [shows the wrong address|has no VAT number|is missing]",
    "my card [was declined|expired], how do I [pay|change the payment] for the {plan}",
    "I want to [move|switch] from the {plan} to the {plan}, what [will it cost|is the difference in price]",
  ],
  bug: [
    "the {page} [crashes|freezes|stays blank] on my {device} {when}",
    "[error 500|an error|a red message] when I open the {page} {when}",
    "the {page} [does not load|is stuck at 99%|shows old numbers] on the {device}",
    "I click save in the {page} and [nothing happens|everything is gone|it jumps back]",
    "the invoice page [throws an error|shows a blank PDF], I only wanted to [print|see] it",
    "after I log in the {page} [flickers|closes itself|shows somebody else's data]",
  ],
  account: [
    "I [forgot|lost|cannot remember] my password and the reset mail [never comes|does not arrive]",
    "please [add|invite|remove] {colleague} [to|from] our workspace",
    "[cannot|can't] log in {when}, it says the [user|account] is [locked|unknown]",
    "how do I change the [email|phone number|name] of my account",
    "please [delete|close] my account and all [data|files] in it",
    "the code for two-factor [login|sign-in] on my {device} [is refused|never arrives]",
  ],
  shipping: [
    "where is my {item}, it [should have come|was due] {when}",
    "the {item} arrived [broken|damaged|open|without the charger]",
    "[tracking|the tracking number] says delivered but [nothing is here|the neighbours have nothing]",
    "can you send the {item} to [another address|my office|Austria] instead",
    "I got the wrong {item}, how do I [send it back|return it]",
    "how long does [delivery|shipping] to [Norway|Spain|a PO box] take",
  ],
  feature: [
    "it would be [great|nice|so useful] if the {page} [had a dark mode|could be sorted|worked offline]",
    "could you [add|build] [a calendar|keyboard shortcuts|an API] for the {page}",
    "is there a way to [export to Excel|schedule reports|merge two accounts]? if not, [please add it|I would pay for it]",
    "[suggestion|idea|feature request]: let {colleague} see the {page} without [logging in|a licence]",
    "I wish the {page} [remembered my filters|showed charts|spoke German]",
    "do you plan [a Linux version|an app for the {device}|single sign-on]",
  ],
};

const draw = createDraw(20);
const labels = Object.keys(TICKETS);

/** Swaps two neighbouring letters. */
function mistyped(text: string): string {
  const at = draw.below(text.length - 1);
  return text.slice(0, at) + text[at + 1]! + text[at]! + text.slice(at + 2);
}

let text = csv("text", "label");
for (let row = 0; row < ROWS; row++) {
  const label = draw.one(labels);
  const parts = [draw.fill(draw.one(TICKETS[label]!), WORDS)];
  if (draw.chance(0.5)) parts.unshift(draw.one(WORDS.greeting));
  if (draw.chance(0.5)) parts.push(draw.one(WORDS.closing));
  let ticket = parts.join(draw.chance(0.5) ? ", " : ". ");
  if (draw.chance(0.3)) ticket = mistyped(ticket);
  text += csv(ticket, draw.chance(0.02) ? draw.one(labels) : label);
}
await print(text);
