export const Compare = () => <div class="page"><header class="page-head"><h1>Compare</h1></header></div>;
