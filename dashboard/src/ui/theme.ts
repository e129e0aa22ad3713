import { createTheme } from "@mantine/core";

// Fonts are those of the reader's system: no other host is asked for any.
export const theme = createTheme({
  primaryColor: "indigo",
  defaultRadius: "md",
  autoContrast: true,
  components: {
    // Their close buttons are crosses: each has to be told what it is.
    Modal: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Dismiss" } } },
  },
  headings: { sizes: { h1: { fontSize: "1.6rem" }, h2: { fontSize: "1.2rem" }, h3: { fontSize: "1rem" } } },
});
