/** See memoryPlugin.ts. */
declare module '*?memory' {
  const url: string | null;
  export default url;
}
