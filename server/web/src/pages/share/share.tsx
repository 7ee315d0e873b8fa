export const Share = () => <div class="page"><header class="page-head"><h1>Share</h1></header></div>;
