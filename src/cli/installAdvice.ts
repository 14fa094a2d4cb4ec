/** What to do where Dawn finds no adapter; apart from `dawn.ts`, whose native code may not even load. */
export const installAdvice =
  'With a GPU, install its Vulkan driver (NVIDIA: the driver package and libvulkan1; AMD, Intel: mesa-vulkan-drivers). Without one, ' +
  'train and study run on the processor by themselves; an imitated GPU does as well, slowly: Mesa 24 or newer (Debian 12: ' +
  'mesa-vulkan-drivers from bookworm-backports, with libvulkan1), or Chromium’s SwiftShader ' +
  '(VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json).';
