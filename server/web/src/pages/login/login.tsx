export const Login = () => <div class="page"><header class="page-head"><h1>Log in</h1></header></div>;
