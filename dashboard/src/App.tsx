import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { cache } from "./api/cache";
import type { router as appRouter } from "./routes/index";
import { colorSchemeManager } from "./ui/colorScheme";
import { readableVariables } from "./ui/contrast";
import { theme } from "./ui/theme";
import "./ui/theme.css";

export function App({ router }: { router: typeof appRouter }) {
  return (
    <StrictMode>
      <MantineProvider
        env={import.meta.env.MODE === "test" ? "test" : "default"}
        theme={theme}
        cssVariablesResolver={readableVariables}
        defaultColorScheme="auto"
        colorSchemeManager={colorSchemeManager}
      >
        <QueryClientProvider client={cache}>
          <Notifications position="bottom-right" />
          <ModalsProvider>
            <RouterProvider router={router} />
          </ModalsProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>
  );
}
