import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "./problem";

/** What the server has told, for all screens. Every key but the session's begins with the tenant. */
export const cache = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // An answer that blames the request would be the same again.
      retry: (failures, error) => failures < 2 && !(error instanceof ProblemError && error.status < 500),
    },
  },
});
