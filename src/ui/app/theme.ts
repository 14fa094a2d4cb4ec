/**
 * Mantine's theme, made of the lab's tokens (`tokens.css`).
 *
 * Mantine's colour variables point at the lab's, so Mantine's components and our own always have the same colours, and one attribute
 * switches both to the dark scheme.
 */
import { createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  fontFamily: 'var(--lab-font)',
  fontFamilyMonospace: 'var(--lab-mono)',
  headings: { fontFamily: 'var(--lab-font)', fontWeight: '650' },
  fontSizes: { xs: '11.5px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '18px' },
  defaultRadius: 'sm',
  primaryColor: 'lab',
  primaryShade: { light: 6, dark: 6 },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  // The placeholder is no item of a menu, which may hold nothing else (axe, aria-required-children); the first item has the focus instead.
  components: { Menu: { defaultProps: { withInitialFocusPlaceholder: false } } },
  colors: {
    // Mantine draws its dark scheme with these; they are the lab's surfaces and lines.
    dark: [
      '#e9edf3',
      '#b5bfcc',
      '#98a4b4',
      '#6c7889',
      '#38434f',
      '#29313c',
      '#1b212a',
      '#151a21',
      '#10141a',
      '#0d1015',
    ],
    lab: [
      '#e3f0f9',
      '#c8e1f2',
      '#9dcbe8',
      '#6fb3dd',
      '#3f98cd',
      '#1a81bd',
      '#0067a3',
      '#005a8f',
      '#004c79',
      '#003a5d',
    ],
  },
});

const shared = {
  '--mantine-color-body': 'var(--lab-surface)',
  '--mantine-color-text': 'var(--lab-ink)',
  '--mantine-color-dimmed': 'var(--lab-ink-3)',
  '--mantine-color-placeholder': 'var(--lab-ink-3)',
  '--mantine-color-anchor': 'var(--lab-accent-ink)',
  '--mantine-color-default': 'var(--lab-surface)',
  '--mantine-color-default-hover': 'var(--lab-hover)',
  '--mantine-color-default-color': 'var(--lab-ink)',
  '--mantine-color-default-border': 'var(--lab-line)',
  '--mantine-color-error': 'var(--lab-alarm-ink)',
  '--mantine-color-disabled': 'var(--lab-inset)',
  '--mantine-color-disabled-border': 'var(--lab-line)',
  '--mantine-color-disabled-color': 'var(--lab-ink-3)',
  '--mantine-primary-color-filled': 'var(--lab-accent)',
  '--mantine-primary-color-contrast': 'var(--lab-on-accent)',
  '--mantine-primary-color-light': 'var(--lab-accent-soft)',
  '--mantine-primary-color-light-hover': 'var(--lab-accent-soft)',
  '--mantine-primary-color-light-color': 'var(--lab-accent-ink)',
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: shared,
  dark: shared,
});
