import { notifications } from "@mantine/notifications";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// Screens are loaded when they are first gone to, and that takes as long as the machine is busy with other things.
configure({ asyncUtilTimeout: 8_000 });

// Browsers have it, and text areas that grow listen to it.
Object.defineProperty(document, "fonts", { value: new EventTarget() });

afterEach(() => {
  cleanup();
  notifications.clean();
  vi.unstubAllGlobals();
});
