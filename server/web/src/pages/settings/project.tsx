export const ProjectSettings = () => <div class="page"><header class="page-head"><h1>Settings</h1></header></div>;
