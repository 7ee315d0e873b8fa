export const Traces = () => <div class="page"><header class="page-head"><h1>Traces</h1></header></div>;
