export const ServerSettings = () => <div class="page"><header class="page-head"><h1>Server</h1></header></div>;
