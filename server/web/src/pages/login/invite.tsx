export const Invite = () => <div class="page"><header class="page-head"><h1>Invitation</h1></header></div>;
