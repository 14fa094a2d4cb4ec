/**
 * How every test starts Debian's Chromium: full, with the new headless mode, since the headless shell has no WebGPU.
 */

/**
 * What a window of Chromium's own does that no test looks at: its address bar keeps two pages of its own ready, a second of processor time for
 * each test. The others are Playwright's own list, which this one replaces: of two, Chromium takes the last.
 */
const disabledFeatures = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

/** SwiftShader gives WebGPU on a machine without a GPU. */
export const webgpu: readonly string[] = ['--enable-unsafe-webgpu', '--enable-features=Vulkan'];

/** Playwright's launch options. */
export const chromium = (more: readonly string[] = []) => ({
  executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
  args: ['--headless=new', '--no-sandbox', `--disable-features=${disabledFeatures.join(',')}`, ...more],
});
