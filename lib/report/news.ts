/** Tells normal news of machines from incidents: the log has both, as each machine shares its messages with the others. */

const NEWS = /^(Leads from round|Joined with the state|The server answers again|Training has ended)/;

export function isNews(message: string): boolean {
  return NEWS.test(message);
}
