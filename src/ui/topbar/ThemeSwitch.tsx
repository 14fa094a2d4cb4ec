/**
 * Light or dark; the system's scheme until a person chooses.
 */
import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { Moon, Sun } from 'lucide-react';

export function ThemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const next = scheme === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip label={`Switch to ${next}`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label={`Switch to ${next} colours`}
        onClick={() => setColorScheme(next)}
      >
        {scheme === 'dark' ? <Sun size={17} aria-hidden /> : <Moon size={17} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}
