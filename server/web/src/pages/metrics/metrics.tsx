export const Metrics = () => <div class="page"><header class="page-head"><h1>Metrics</h1></header></div>;
