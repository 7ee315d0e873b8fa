export const Pipeline = () => <div class="page"><header class="page-head"><h1>Pipeline</h1></header></div>;
