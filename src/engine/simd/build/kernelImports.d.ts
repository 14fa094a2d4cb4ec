/** See kernelsPlugin.ts. */
declare module '*?kernels=plain' {
  const base64: string;
  export default base64;
}
declare module '*?kernels=relaxed' {
  const base64: string;
  export default base64;
}
