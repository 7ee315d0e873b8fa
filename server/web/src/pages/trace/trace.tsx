export const TracePage = () => <div class="page"><header class="page-head"><h1>Trace</h1></header></div>;
