/** See scriptsPlugin.ts. */
declare module '*?script=browser' {
  const text: string;
  export default text;
}
declare module '*?script=node' {
  const text: string;
  export default text;
}
