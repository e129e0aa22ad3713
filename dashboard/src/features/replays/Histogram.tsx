import { Box, Group, Text } from "@mantine/core";
import { count } from "../../ui/figures";
import { instantText } from "../../ui/When";
import { Brush } from "./Brush";
import type { Plot, Stretch } from "./plot";
import classes from "./Histogram.module.css";

interface Props {
  plot: Plot;
  value: Stretch;
  onChange: (value: Stretch) => void;
}

const HEIGHT = 180;

/** Attempts over time, with the window of a replay chosen on top. In a chunk of its own, as every chart. */
export default function Histogram({ plot, value, onChange }: Props) {
  const most = Math.max(1, ...plot.bars.map(({ succeeded, failed }) => succeeded + failed));
  return (
    <Box>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="xs">{count(most)} attempts</Text>
        <Group gap="md">
          <Text size="xs">
            <span className={classes.key} data-of="succeeded" aria-hidden /> succeeded
          </Text>
          <Text size="xs">
            <span className={classes.key} data-of="failed" aria-hidden /> failed
          </Text>
        </Group>
      </Group>
      <Brush plot={plot} value={value} onChange={onChange} height={HEIGHT}>
        <Bars plot={plot} most={most} />
      </Brush>
      <Group justify="space-between" gap="xs" mt={4} wrap="nowrap">
        <Text size="xs">{instantText(plot.from)}</Text>
        <Text size="xs" visibleFrom="sm">
          {instantText((plot.from + plot.to) / 2)}
        </Text>
        <Text size="xs" ta="right">
          {instantText(plot.to)}
        </Text>
      </Group>
    </Box>
  );
}

/** A few failures among many successes are still to be seen. */
const LEAST_HEIGHT = 0.02;

function Bars({ plot, most }: { plot: Plot; most: number }) {
  const share = (part: number) => (part === 0 ? 0 : Math.max(part / most, LEAST_HEIGHT));
  const total = (of: "succeeded" | "failed") => count(plot.bars.reduce((sum, bar) => sum + bar[of], 0));
  return (
    <svg
      role="img"
      aria-label={`Attempts over time: ${total("succeeded")} succeeded, ${total("failed")} failed`}
      viewBox={`0 0 ${Math.max(1, plot.bars.length)} 1`}
      preserveAspectRatio="none"
      className={classes.bars}
    >
      {plot.bars.map(({ succeeded, failed }, number) => {
        const below = share(failed);
        const above = Math.min(share(succeeded), 1 - below);
        return (
          <g key={number}>
            {failed > 0 && (
              <rect x={number + 0.08} width={0.84} y={1 - below} height={below} data-of="failed" />
            )}
            {succeeded > 0 && (
              <rect x={number + 0.08} width={0.84} y={1 - below - above} height={above} data-of="succeeded" />
            )}
          </g>
        );
      })}
    </svg>
  );
}
