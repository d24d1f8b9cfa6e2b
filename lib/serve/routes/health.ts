/** Whether requests should be sent here. */
import { errorMessage } from "../../base/errors.ts";
import type { Services } from "../services.ts";

/** Why not; undefined when the process is not ending and its model answers within `deadlineMs`. */
export async function unreadiness(
  services: Services,
  deadlineMs: number,
  onError: (error: unknown) => void,
): Promise<string | undefined> {
  if (!services.ready()) return "not ready: the server is starting or ending";
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`not ready: the model did not answer within ${deadlineMs} ms`), deadlineMs);
  const model = services.predictor.model().then(() => undefined, (error) => {
    onError(error);
    return `not ready: the model does not answer: ${errorMessage(error)}`;
  });
  try {
    return await Promise.race([model, promise]);
  } finally {
    clearTimeout(timer);
  }
}
